// The tests of EventLoop.
