/// Placeholder until the pipeline lands.
enum Pipeline {}
