extension SimulatorOptions {
    static let helpText = """
        Usage: bedrock-simulator --port P [OPTIONS]

        Plays Amazon Bedrock's runtime API on 127.0.0.1, for demos, tests and benchmarks. Prints
        'listening on 127.0.0.1:PORT' when ready and stops on SIGTERM or SIGINT.

        Options:
          --port P              listen there; 0 chooses a free port
          --latency TIME        how long models take, unless their script says otherwise:
                                50ms (always), 20..200ms (evenly spread) or
                                200ms~2s (log-normal: half within 200 ms, 99 % within 2 s)
          --model ID:KEY=VALUE,...
                                the script of a model; repeat it for more. In ID, * stands for anything;
                                the closest match counts
          --script FILE         scripts from a file: [ID] lines, each followed by KEY = VALUE lines
          --journal FILE        append a JSON line for every request: when, model, region, outcome,
                                and XYZ if the body holds [id:XYZ]
          --keep-journal        keep these lines in memory as well, for GET /simulator/journal?entries
          --max-skew TIME       refuse requests signed further than this from now
          --no-signature-check  let everybody in; otherwise the Authorization header must look right
          --help, --version

        Script keys:
          latency        as above
          steps          what happens to the first request, the second ...; the last is repeated:
                         a status (429, 429/ModelNotReadyException), hang, reset, reset-mid-body,
                         malformed, truncated, empty, html (these four also with /STATUS); 429*3 is 429 three times
                         and within streams exception/TYPE@N (throttlingException ...), cut@N (no messageStop),
                         tear@N (ends within a frame), stall@N, each after N pieces of content
          repeat         all: after the last step start again; last (default): repeat the last
          text           the reply's text; @echo: the last user text
          input-tokens   a number, or estimate (default: a quarter of the body's bytes)
          output-tokens  a number, or estimate (default: a quarter of the text's bytes)
          stop-reason    end_turn (default), max_tokens, tool_use, ...
          error-type     x-amzn-ErrorType of failures (default: Bedrock's for that status)
          message        message of failures
          header         a header of failures, NAME: VALUE
          rate-limit     COUNT/TIME, as in 10/60s: more requests are answered 429
          close          yes: close the connection after each answer
          seed           another series of random latencies
          tool           a call after the text, NAME:INPUT with a JSON object as input
          reasoning      the model's reasoning, before the text
          stream-tokens  how many pieces of text a stream has (default: each word of the text once)
          stream-delay   between the pieces of a stream, as in 20ms

        While it runs:
          curl --data-binary @FILE http://127.0.0.1:PORT/simulator/script    change scripts
          curl http://127.0.0.1:PORT/simulator/journal                       requests by model and outcome
          curl -X DELETE http://127.0.0.1:PORT/simulator/journal             count from zero

        Examples:
          bedrock-simulator --port 8080 --latency 20..200ms
          bedrock-simulator --port 8080 --model 'anthropic.claude-3-haiku*:steps=429*2,200,header=retry-after: 1'
          bedrock-simulator --port 8080 --model 'anthropic.*:latency=200ms~2s,text=@echo' --journal calls.jsonl
          AWS_ENDPOINT_URL_BEDROCK_RUNTIME=http://127.0.0.1:8080 bedrock-relay run --config relay.yaml

        """
}
