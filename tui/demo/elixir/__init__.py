"""A small evaluator of Elixir: what operators ask a release, and an honest error for the rest."""
