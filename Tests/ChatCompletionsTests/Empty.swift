// The tests of ChatCompletions.
