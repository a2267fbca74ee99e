"""iRacing event result as CSV, from the results page of the members' site.

Recognised by its header: the row that begins with `Fin Pos`, among the first twelve.

Parts: a block that names the event (header and one row), in a league a second block, a blank row, then the table.
The old export has the table alone, after an empty line.

Traps:
    * Nothing in the file says which session of the event it is, and practice, qualifying and race are exported alike.
    * The id of the event stands in the file's name alone (`eventresult_<id>.csv`).
    * Rows end with CRLF and preamble rows with LF in one file; the encoding is often Windows-1252.
    * Cells are quoted; hosted races of 2026 do not quote the header of the first block.
    * A team race holds one row for the team (negative Cust ID) and one for each of its drivers.
"""

from ingestion.formats.kinds import Family, Layout, TableFormat
from ingestion.formats.lines import Rows, first_filled

FIRST_COLUMN = "Fin Pos"
PREAMBLE_LINES = 12


def _locate(rows: Rows) -> Layout | None:
    header = next((index for index, row in enumerate(rows[:PREAMBLE_LINES]) if row and row[0] == FIRST_COLUMN), None)
    if header is None:
        return None
    data = first_filled(rows, header + 1)
    return Layout(header + 1, None, None if data is None else data + 1)


FORMAT = TableFormat("iracing_results_csv", Family.RESULTS, lambda rows: _locate(rows) is not None, _locate)
