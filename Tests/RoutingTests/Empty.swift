// The tests of Routing.
