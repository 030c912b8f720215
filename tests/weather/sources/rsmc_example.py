"""A storm in the columns of RSMC Tokyo."""

HEADER = "66666 1501  003 0001 1501 0 6             MEKKHALA              20150217        "
DEPRESSION = "15011300 002 2 087 1429 1006     000                                            "
STORM = "15011312 002 3 086 1417 1002     035     00000 0000 80210 0150         #        "
TYPHOON = "15011512 002 5  96 1898  940     090     90060 0050 20150 0120                  "
LINES = (HEADER, DEPRESSION, STORM, TYPHOON)


def text(*lines: str, end: str = "\n") -> str:
    return "".join(line + end for line in lines)
