"""The join of the three tracks: account and recovery class of every line, and the last look before judgement."""
