// RolloutStore
