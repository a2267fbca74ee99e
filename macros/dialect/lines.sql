{% macro lines_of(blocks, plans) -%} {{ return(adapter.dispatch('lines_of')(blocks, plans)) }} {%- endmacro %}

{% macro postgres__lines_of(blocks, plans) -%}
    cross join
        lateral unnest(array[{{ lines_from(blocks ~ '.lines', plans ~ '.first_data_line - ' ~ blocks ~ '.first_line') }}])
            as data (lines)
    cross join lateral unnest(array[{{ lines_as_arrays('data.lines', plans) }}]) as spelt (lines)
    -- most blocks are numbers throughout, or numbers and empty cells
    cross join
        lateral unnest(array[
            case
                when {{ are_numbers('spelt.lines', plans, has_gaps=false) }} then 'numbers'
                when {{ are_numbers('spelt.lines', plans, has_gaps=true) }} then 'gaps'
                else 'words'
            end
        ]) as block (kind)
    -- of lines with words the words alone are read as cells; all is, where something else stands among the numbers
    cross join
        lateral unnest(array[
            case when block.kind = 'words' then {{ words_as_nan('spelt.lines', plans) }} else spelt.lines end
        ]) as worded (lines)
    cross join
        lateral unnest(
            string_to_array(
                case
                    when block.kind <> 'words' or {{ are_numbers('worded.lines', plans, has_gaps=true) }}
                        then worded.lines
                end,
                chr(10)
            ),
            string_to_array(case when block.kind = 'words' then data.lines end, chr(10))
        ) with ordinality as lines (numbers, cells, place)
{%- endmacro %}

{#- No line is read at once, which would give the same. -#}
{% macro spark__lines_of(blocks, plans) -%}
    {%- set skipped = 'greatest(' ~ plans ~ '.first_data_line - ' ~ blocks ~ '.first_line, 0)' -%}
    cross join lateral inline(
        transform(
            slice(split({{ blocks }}.lines, chr(10)), cast({{ skipped }} as integer) + 1, 1000000000),
            (line, skipped) -> struct(cast(null as string) as numbers, line as cells, skipped + 1 as place)
        )
    ) as lines (numbers, cells, place)
{%- endmacro %}


{% macro numbers_of_line(plans) -%} {{ return(adapter.dispatch('numbers_of_line')(plans)) }} {%- endmacro %}

{% macro postgres__numbers_of_line(plans) -%} {{ numbers_of('lines.numbers', "block.kind <> 'numbers'", plans) }} {%- endmacro %}

{#- It reads each cell where it is asked for: a list of numbers costs it more than the numbers. -#}
{% macro spark__numbers_of_line(plans) -%} cast(null as array<double>) {%- endmacro %}


{% macro number_or_cell(line, channel, cell) -%} {{ return(adapter.dispatch('number_or_cell')(line, channel, cell)) }} {%- endmacro %}

{% macro postgres__number_or_cell(line, channel, cell) -%}
    {%- set position = line ~ '.' ~ channel ~ '_position' -%}
    {%- set number = item_at(line ~ '.numbers', position) -%}
    case
        when {{ line }}.cells is null or {{ number }} <> cast('nan' as {{ type_double() }}) then {{ number }}
        when {{ position }} is not null then {{ cell }}
    end
{%- endmacro %}

{#- Most are a few digits, which the pattern finds at a fraction of the time. -#}
{% macro spark__number_or_cell(line, channel, cell) -%}
    {%- set position = line ~ '.' ~ channel ~ '_position' -%}
    {%- set text = item_at(line ~ '.cells', position) -%}
    case
        when {{ text }} rlike '^[-+]?[0-9]{1,15}([.][0-9]{0,15})?$' then cast({{ text }} as double)
        when {{ position }} is not null then {{ cell }}
    end
{%- endmacro %}


{% macro cells_of(line, separator) -%} {{ return(adapter.dispatch('cells_of')(line, separator)) }} {%- endmacro %}

{% macro postgres__cells_of(line, separator) -%} string_to_array({{ line }}, {{ separator }}) {%- endmacro %}

{#- It splits by a pattern, in which a character in brackets stands for itself; one without a meaning there is quicker without. -#}
{% macro spark__cells_of(line, separator) -%}
    case
        when {{ separator }} in (',', ';', chr(9)) then split({{ line }}, {{ separator }})
        else split({{ line }}, regexp_replace({{ separator }}, '([^"])', '[$1]'))
    end
{%- endmacro %}


{% macro replace_found(text, pattern, groups) -%} {{ return(adapter.dispatch('replace_found')(text, pattern, groups)) }} {%- endmacro %}

{% macro postgres__replace_found(text, pattern, groups) -%}
    regexp_replace({{ text }}, {{ pattern }}, '{{ groups | replace("$", "\\") }}', 'g')
{%- endmacro %}

{% macro spark__replace_found(text, pattern, groups) -%} regexp_replace({{ text }}, {{ pattern }}, '{{ groups }}') {%- endmacro %}
