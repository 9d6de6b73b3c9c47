"""The domain gap: real and synthetic samples in one training set, measured in the field."""
