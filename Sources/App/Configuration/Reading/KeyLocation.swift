/// Where a value stands in the tree.
struct KeyLocation: Hashable {
    /// For people: `model_list[2].litellm_params.model`.
    var path = ""
    /// The same for every entry of a list or a free map: `model_list[].litellm_params.model`.
    var pattern = ""

    func key(_ name: String) -> KeyLocation {
        KeyLocation(path: Self.join(path, name), pattern: Self.join(pattern, name))
    }

    /// An entry of a map whose keys are the user's own names.
    func entry(_ name: String) -> KeyLocation {
        KeyLocation(path: Self.join(path, name), pattern: Self.join(pattern, "*"))
    }

    func element(_ index: Int) -> KeyLocation {
        KeyLocation(path: "\(path)[\(index)]", pattern: pattern + "[]")
    }

    private static func join(_ path: String, _ name: String) -> String {
        path.isEmpty ? name : "\(path).\(name)"
    }
}
