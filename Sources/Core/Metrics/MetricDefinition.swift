/// The catalogue of what is measured.
public enum MetricDefinition {}
