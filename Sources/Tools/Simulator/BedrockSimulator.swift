/// A fake Bedrock runtime on loopback.
public final class BedrockSimulator: Sendable {}
