// The tests of Metrics.
