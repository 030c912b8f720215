"""Network blocks in Paddle, and the door to PaddleScience."""
