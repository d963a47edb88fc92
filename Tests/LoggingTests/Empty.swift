// The tests of Logging.
