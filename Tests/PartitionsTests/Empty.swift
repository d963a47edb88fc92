// The tests of Partitions.
