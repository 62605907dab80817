"""How much `symc verify` may be asked for; its command knows that without importing torch."""

MOST_SAMPLES = 10_000
MOST_DRAWS = 1_000_000
MOST_SEED = 2**63 - 1
