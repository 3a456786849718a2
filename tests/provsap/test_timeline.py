from datetime import datetime, timedelta
from itertools import combinations, pairwise

from provtap.provsap.picture import Picture
from provtap.provsap.timeline import placed_by_time
from tests.provsap.stores import write_store

BEGIN = datetime(2026, 1, 1)
RUNS = [f"r{n}" for n in range(8)]


def laid_out(database, look, times):
    """Return the layout of a chain of runs, each of which also used a file from outside."""
    write_store(
        database,
        used=[*((run, f"in {run}") for run in RUNS), *((b, f"out {a}") for a, b in pairwise(RUNS))],
        wasgeneratedby=[(f"out {run}", run) for run in RUNS],
    )
    picture = Picture(look(f"out {RUNS[-1]}", depth=99))
    names = {shape.members[0].id: shape.name for shape in picture.shapes}
    layout = placed_by_time(picture, {names[id_]: time for id_, time in times.items()})
    return {id_: layout.boxes[name] for id_, name in names.items()}, layout


def test_columns_are_in_the_order_of_times_and_origins_before_their_use(database, look):
    boxes, layout = laid_out(
        database, look, {run: BEGIN + n * timedelta(hours=1) for n, run in enumerate(RUNS)}
    )
    columns = [boxes[run].x for run in RUNS]

    assert columns == sorted(set(columns))
    assert all(boxes[f"in {run}"].x < boxes[run].x for run in RUNS)
    assert [text for _, text in layout.ticks] == [f"1 Jan {n:02}:00" for n in range(8)]
    assert [round(x, 1) for x, _ in layout.ticks] == columns


def test_nothing_overlaps_and_all_is_on_the_picture(database, look):
    boxes, layout = laid_out(database, look, dict.fromkeys(RUNS, BEGIN))

    for one, other in combinations(boxes.values(), 2):
        assert (
            abs(one.x - other.x) >= (one.width + other.width) / 2
            or abs(one.y - other.y) >= (one.height + other.height) / 2
        )
    for box in boxes.values():
        assert box.width / 2 <= box.x <= layout.width - box.width / 2
        assert box.height / 2 <= box.y <= layout.height - box.height / 2


def test_without_any_time_there_are_no_ticks(database, look):
    _, layout = laid_out(database, look, {})

    assert layout.ticks == ()
    assert len(layout.curves) == len(layout.picture.arrows)
