// The tests of Simulator.
