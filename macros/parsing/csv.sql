{# The cells of one line, quotes taken off. Right for every quoting, slower than a plain split: for header lines, result files and mixed quoting. #}
{% macro csv_cells(line, delimiter) -%}
    {{ return(adapter.dispatch('csv_cells')(line, delimiter)) }}
{%- endmacro %}

{% macro default__csv_cells(line, delimiter) -%}
    {{ exceptions.raise_compiler_error('csv_cells is not written for ' ~ target.type) }}
{%- endmacro %}

{# A set-returning aggregate in a lateral subquery: the planner may not flatten it into every column that uses it. #}
{% macro postgres__csv_cells(line, delimiter) -%}
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


{# The cell under a name; aliases in order, null where the file has none of them, cut as `short_text` does. Reads `names` and `cells` of stg_files__result_lines. #}
{% macro cell() -%}
    {%- set place -%}
        coalesce({% for name in varargs %}array_position(names, '{{ name }}'){{ ', ' if not loop.last }}{% endfor %})
    {%- endset -%}
    {{ short_text('cells[' ~ place ~ ']') }}
{%- endmacro %}
