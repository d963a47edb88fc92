// The tests of Redaction.
