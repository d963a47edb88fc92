extension HelpTopic {
    /// The commands' names, for suggestions.
    static var commands: [String] { allCases.filter { $0 != .overview }.map(\.rawValue) }

    var text: String {
        switch self {
        case .overview: Self.overviewText
        case .run: Self.runText
        case .check: Self.checkText
        case .demo: Self.demoText
        case .request: Self.requestText
        case .redrive: Self.redriveText
        }
    }

    private static let overviewText = """
        Bedrock Relay reads chat requests from Kafka, routes each to Amazon Bedrock as LiteLLM's router would,
        and publishes the answers to reply topics and one routing event per request to a metrics topic.

        usage: bedrock-relay COMMAND [OPTIONS]

        commands:
          demo      see it work: embedded broker and Bedrock simulator, nothing to install or configure
          check     validate a configuration and print the effective routing table; touches no network
          run       the consumer: runs until SIGTERM or SIGINT
          request   a client: submit one chat request, wait for its reply, print it
          redrive   re-submit dead letters to their original topic

        bedrock-relay COMMAND --help explains a command; bedrock-relay --version prints the version.

        a first session:
          bedrock-relay demo
          bedrock-relay check --config config/relay.yaml --config config/route/fallbacks.yaml
          bedrock-relay run   --config config/relay.yaml --config config/route/fallbacks.yaml

        exit codes: 0 clean stop; 1 fatal at run time; 2 bad command line or configuration.

        """

    private static let runText = """
        usage: bedrock-relay run --config FILE [--config FILE ...]

        Runs the consumer until SIGTERM or SIGINT; requests in flight then get relay.shutdown_grace seconds to end.
        A second signal exits at once: what was not committed is read again by the next instance.

          --config FILE   a YAML file; files merge in order, a later file's keys win (maps merge, lists replace)

        Usually one file for Kafka and the relay, and one LiteLLM file for the models:
          bedrock-relay run --config config/relay.yaml --config config/route/fallbacks.yaml

        While it runs, http://127.0.0.1:9464 (relay.admin) serves /healthz, /readyz, /metrics and /routes.
        Logs are one JSON object a line on standard error; relay.log_format: text is for people.

        """

    private static let checkText = """
        usage: bedrock-relay check --config FILE [--config FILE ...]

        Validates the configuration as run would, prints the effective routing table and every warning, and touches
        no network. Problems are printed one a line as file:line: key: what is wrong, what is expected; exit code 2.

        """

    private static let demoText = """
        usage: bedrock-relay demo [--route NAME]

        Starts a Kafka broker and a Bedrock simulator inside this process, sends real requests through the real
        consumer for each of the four sample routes, and shows replies and routing as they happen. Takes under a
        minute, needs no account, and exits with 0 only if every step did what it says.

          --route NAME    only this one: \(DemoRoute.allCases.map(\.rawValue).joined(separator: ", "))

        """

    private static let requestText = """
        usage: bedrock-relay request --config FILE [--config FILE ...] [--model M] [--stream] TEXT
               bedrock-relay request --config FILE ... --json < body.json
               bedrock-relay request --config FILE ... --body FILE

        Submits one chat request to the first of relay.request_topics, waits for its reply, prints it. The answer's
        text goes to standard output; an error reply goes to standard error with exit code 1.

          --config FILE        as for run; only its kafka and relay sections matter here
          --model M            the model group to ask for (default: the first group of the configuration)
          --stream             print the answer as it comes
          --json               send standard input as the raw request body, print the raw reply body (of a
                               stream each record, one a line)
          --body FILE          the same with a file
          --reply-topic TOPIC  where to have the reply sent (default: relay.reply_topic)
          --timeout SECONDS    how long to wait for the reply (default: 60)

        """

    private static let redriveText = """
        usage: bedrock-relay redrive --config FILE [--config FILE ...] [--limit N] [--error-type TYPE ...]
                                     [--max-redrives N] [--dry-run]

        Re-submits dead letters to the request topics they came from: original key, value and headers, to the original
        partition where it still exists; the headers that told the error are removed. Then says what it did and why
        the rest was left. What fails again becomes a new dead letter, for another run.

          --config FILE      as for run; relay.dead_letter_topic is read, relay.request_topics are written to
          --limit N          no more than N of them (default: all that are there when it starts)
          --error-type TYPE  only these errors (x-relay-error-type: rate_limit_error, server_error, timeout_error ...);
                             may be given several times, the others stay for another run
          --max-redrives N   leave requests that were re-submitted N times already, as the header x-relay-redrives
                             counts (default: 10)
          --dry-run          only say what would be done; writes nothing

        Never twice: requests and progress are written in one transaction. Progress is the position of the consumer
        group <group.id>.redrive on the dead-letter topic, with what was re-submitted beyond it; <group.id>.redrive is
        the transactional id as well, so a second redrive takes over from a first. One that was killed is taken back
        by the next; until then, or 10 s, readers of the request topics wait behind what it left open. Brokers must
        support transactions, and consumers must read committed records only, as the relay does.

        A deadline header that has passed is left out, else the request would only expire again.

          bedrock-relay redrive --config config/relay.yaml --config config/route/fallbacks.yaml --dry-run
          bedrock-relay redrive --config config/relay.yaml --config config/route/fallbacks.yaml --limit 1
          bedrock-relay redrive --config config/relay.yaml --config config/route/fallbacks.yaml \
              --error-type rate_limit_error --error-type timeout_error

        """
}
