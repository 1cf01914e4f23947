"""From a rationale to the deficiencies the reviewer cites, with evidence spans: training targets only."""
