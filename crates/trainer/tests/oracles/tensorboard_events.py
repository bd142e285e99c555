"""Writes tests/golden/tensorboard.events with TensorBoard's own record writer. Needs tensorboard 2.21; no TensorFlow.

python3 tests/oracles/tensorboard_events.py tests/golden/tensorboard.events      writes the golden file
python3 tests/oracles/tensorboard_events.py --read FOLDER                        prints what TensorBoard reads in a run's events
"""

import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter


def events():
    yield Event(wall_time=1.5, file_version="brain.Event:2")
    yield Event(wall_time=2.5, step=64, session_log=SessionLog(status=SessionLog.START))
    scalars = [("loss_generator", 0.693), ("score_real", float("nan"))]
    values = [Summary.Value(tag=tag, simple_value=value) for tag, value in scalars]
    yield Event(wall_time=3.5, step=128, summary=Summary(value=values))
    image = Summary.Image(height=512, width=512, colorspace=3, encoded_image_string=b"not really a picture")
    yield Event(wall_time=4.5, step=1 << 40, summary=Summary(value=[Summary.Value(tag="samples", image=image)]))


def write(path):
    with open(path, "wb") as file:
        writer = RecordWriter(file)
        for event in events():
            writer.write(event.SerializeToString())


def read(folder):
    accumulator = EventAccumulator(folder)
    accumulator.Reload()
    for tag in accumulator.Tags()["scalars"]:
        scalars = accumulator.Scalars(tag)
        print(tag, len(scalars), [(scalar.step, round(scalar.value, 4)) for scalar in scalars[-3:]])
    for tag in accumulator.Tags()["images"]:
        print(tag, [(image.step, image.width, image.encoded_image_string[:4]) for image in accumulator.Images(tag)])


if sys.argv[1] == "--read":
    read(sys.argv[2])
else:
    write(sys.argv[1])
