// The tests of Pipeline.
