import diffusion_table


def test_cells_are_means_and_half_the_range() -> None:
    rows = {
        "edm": [{"gmac": 1.0, "views": 0.5, "real_a4c": None}, {"gmac": 2.0, "views": 0.75}],
        "sim": [{"views": 1.0}],
    }
    assert [*diffusion_table.table(rows)] == [
        "| model | GMAC a still | views right |",
        "|---|---|---|",
        "| edm | 1.5 ± 0.5 | 0.625 ± 0.125 |",
        "| sim | - | 1.000 |",
    ]
