"""The two special tokens of every vocabulary, and their ids."""

EOS, UNK = "<eos>", "<unk>"
EOS_ID, UNK_ID = 0, 1
