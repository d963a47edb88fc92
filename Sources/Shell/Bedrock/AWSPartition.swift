/// A group of AWS regions that share DNS names (Bedrock reference, section 2).
enum AWSPartition: CaseIterable, Sendable {
    case commercial, usGov, china, europeanSovereign, iso, isoB, isoE, isoF

    /// The partition of `region`; unknown regions are taken for commercial ones.
    init(region: String) {
        self =
            Self.allCases.first { partition in partition.regionPrefixes.contains(where: region.hasPrefix) }
            ?? .commercial
    }

    /// What the regions of the partition begin with; the commercial one takes the rest.
    private var regionPrefixes: [String] {
        switch self {
        case .commercial: []
        case .usGov: ["us-gov-"]
        case .china: ["cn-"]
        case .europeanSovereign: ["eusc-de-"]
        case .iso: ["us-iso-"]
        case .isoB: ["us-isob-"]
        case .isoE: ["eu-isoe-"]
        case .isoF: ["us-isof-", "eu-isof-"]
        }
    }

    var suffix: String {
        switch self {
        case .commercial, .usGov: "amazonaws.com"
        case .china: "amazonaws.com.cn"
        case .europeanSovereign: "amazonaws.eu"
        case .iso: "c2s.ic.gov"
        case .isoB: "sc2s.sgov.gov"
        case .isoE: "cloud.adc-e.uk"
        case .isoF: "csp.hci.ic.gov"
        }
    }

    /// Nil where the partition has no dual-stack endpoints.
    var dualStackSuffix: String? {
        switch self {
        case .commercial, .usGov: "api.aws"
        case .china: "api.amazonwebservices.com.cn"
        case .europeanSovereign: "api.amazonwebservices.eu"
        case .iso, .isoB, .isoE, .isoF: nil
        }
    }
}
