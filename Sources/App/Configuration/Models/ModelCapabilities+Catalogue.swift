public import Bedrock

extension ModelCapabilities {
    /// What the catalogue that ships with the program says of a model; what its id tells, if it is not in there.
    public init(catalogued model: BedrockModelString, region: String = "us-west-2") {
        let card = ModelCatalogue.shipped.card(for: model, baseModel: nil, region: model.impliedRegion() ?? region)
        self = card?.capabilities ?? ModelCapabilities(undescribed: model)
    }
}
