// The tests of Bedrock.
