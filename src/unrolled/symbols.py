"""The two tokens that every vocabulary has, and their numbers."""

EOS, UNK = "<eos>", "<unk>"
EOS_ID, UNK_ID = 0, 1
