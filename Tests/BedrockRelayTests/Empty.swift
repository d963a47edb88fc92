// The tests of BedrockRelay.
