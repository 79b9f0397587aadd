from moving_ellipse import MovingEllipse

from echodfkd.distill.recipe import Recipe
from echodfkd.students.networks import build_network
from echodfkd.teachers.train import CONFIG, teacher_job


def test_the_job_learns_exact_masks_and_holds_other_clips_out() -> None:
    job = teacher_job([MovingEllipse(frames=2, size=112)], [{"frames": 2}], Recipe(steps=3, batch=2))
    assert len(job.examples) == 6  # type: ignore[arg-type]
    frames, masks = job.examples[0]
    assert frames.shape == masks.exact.shape == masks.tissues.shape == (2, 112, 112)
    assert masks.exact.any()
    assert (job.held_out[0][0] != frames).any()
    assert job.labels is None
    assert job.request == {"task": "teacher", "parameters": [{"frames": 2}]}


def test_the_teacher_sees_time_and_is_one_of_our_networks() -> None:
    network = build_network(CONFIG["architecture"], **CONFIG["options"])
    assert 1e6 < sum(p.numel() for p in network.parameters()) < 3e6
