//! What is known of a relation's rows, derived bottom-up: the planner decides from these only.
