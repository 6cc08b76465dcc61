"""Write an LSTM with one input and one output for audio plug-ins: .nam and RTNeural JSON."""

from unrolled.exporters.audio.model import AudioModel, LSTMLayer, read_lstm
from unrolled.exporters.audio.nam import nam_json
from unrolled.exporters.audio.rtneural import rtneural_json

__all__ = ["AudioModel", "LSTMLayer", "nam_json", "read_lstm", "rtneural_json"]
