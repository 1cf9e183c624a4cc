"""What findings stand on: the evidence, facts about the samples, words for numbers, and the survey of all of them."""
