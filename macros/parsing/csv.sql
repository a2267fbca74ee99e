{% macro csv_cells(line, delimiter) -%}
    (
        select
            array_agg(
                trim(
                    case
                        when found.cell[1] like '"%"' and length(found.cell[1]) >= 2
                            then replace(substr(found.cell[1], 2, length(found.cell[1]) - 2), '""', '"')
                        else found.cell[1]
                    end
                )
                order by found.cell_number
            )
        from
            regexp_matches(
                rtrim({{ line }}, chr(13)) || {{ delimiter }},
                case {{ delimiter }}
                    when ';' then '("(?:[^"]|"")*"|[^;]*);'
                    when chr(9) then '("(?:[^"]|"")*"|[^' || chr(9) || ']*)' || chr(9)
                    else '("(?:[^"]|"")*"|[^,]*),'
                end,
                'g'
            ) with ordinality as found (cell, cell_number)
    )
{%- endmacro %}


{% macro cell() -%}
    {%- set place -%}
        coalesce({% for name in varargs %}array_position(names, '{{ name }}'){{ ', ' if not loop.last }}{% endfor %})
    {%- endset -%}
    {{ short_text('cells[' ~ place ~ ']') }}
{%- endmacro %}
