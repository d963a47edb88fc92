// The tests of AdminHTTP.
