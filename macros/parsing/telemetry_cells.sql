{% macro telemetry_line(line, plan) -%}
    {%- set text = "trim(trailing chr(13) from " ~ line ~ ")" -%}
    {#- From one quote to the next and no further: looking ahead to the end of the line takes hours on a long one. -#}
    {%- set quoted_cell = "'(^|[,;' || chr(9) || '])\"([^\",;' || chr(9) || ']*)[,;' || chr(9) || ']([^\"]*)\"'" -%}
    {%- set inside_quotes = namespace(points=text) -%}
    {%- for separator_number in range(3) -%}
        {%- set inside_quotes.points = replace_found(inside_quotes.points, quoted_cell, '$1"$2.$3"') -%}
    {%- endfor -%}
    case
        when {{ plan }}.quoting = 'mixed' and {{ plan }}.decimal_comma
            then replace(replace({{ inside_quotes.points }}, '"', ''), ',', '.')
        when {{ plan }}.quoting = 'mixed' then replace({{ inside_quotes.points }}, '"', '')
        when {{ plan }}.quoting = 'all' and {{ plan }}.decimal_comma
            then replace(substr({{ text }}, 2, greatest(length({{ text }}) - 2, 0)), ',', '.')
        when {{ plan }}.quoting = 'all' then substr({{ text }}, 2, greatest(length({{ text }}) - 2, 0))
        when {{ plan }}.decimal_comma then replace({{ text }}, ',', '.')
        else {{ text }}
    end
{%- endmacro %}


{% macro lines_from(lines, skipped) -%}
    case
        when {{ skipped }} <= 0 then {{ lines }}
        else array_to_string((string_to_array({{ lines }}, chr(10)))[{{ skipped }} + 1:], chr(10))
    end
{%- endmacro %}


{% macro lines_as_arrays(lines, plan) -%}
    {%- set unix_lines = 'replace(' ~ lines ~ ', chr(13) || chr(10), chr(10))' -%}
    case
        when {{ plan }}.decimal_comma then replace(replace({{ unix_lines }}, ',', '.'), {{ plan }}.delimiter, ',')
        {#- a comma that parts no cells would part them in an array -#}
        {{ ' ' }}when {{ plan }}.delimiter <> ','
            then case when strpos({{ lines }}, ',') = 0 then replace({{ unix_lines }}, {{ plan }}.delimiter, ',') end
        when {{ plan }}.quoting = 'all' then {{ lines }}
        else {{ unix_lines }}
    end
{%- endmacro %}


{% macro words_as_nan(lines, plan) -%}
    case {{ plan }}.quoting
        when 'all' then regexp_replace({{ lines }}, '"[[:alpha:]][^"\n]*"', '"NaN"', 'g')
        when 'none' then regexp_replace({{ lines }}, '(^|[,\n])[[:alpha:]][^,\n]*', '\1NaN', 'g')
    end
{%- endmacro %}


{% macro are_numbers(lines, plan, has_gaps) -%}
    {#- Each is one that a real holds. Loggers write a tiny number as 2.1e-14, with one digit before the point. -#}
    {%- set plain = '([0-9]{1,19}([.][0-9]{0,20})?|[.][0-9]{1,20})([eE][-+]?[01]?[0-9])?' -%}
    {%- set tiny = '[1-9]([.][0-9]{0,20})?[eE]-[0-3]?[0-9]' -%}
    {%- set number = '( *(NaN|[-+]?(' ~ plain ~ '|' ~ tiny ~ ')) *)' ~ ('?' if has_gaps) -%}
    {%- set quoted_line = '("' ~ number ~ '",)*"' ~ number ~ '"' -%}
    {%- set line = '(' ~ number ~ ',)*' ~ number -%}
    case
        when {{ plan }}.quoting = 'all' then {{ lines }} ~ '^({{ quoted_line }}(\r?\n)+)*({{ quoted_line }})?$'
        else {{ lines }} ~ '^({{ line }}\n+)*({{ line }})?$'
    end
{%- endmacro %}


{% macro numbers_of(line, has_gaps, plan) -%}
    cast(
        case
            when not {{ has_gaps }} then concat('{', {{ line }}, '}')
            when {{ plan }}.quoting = 'all' then concat('{', replace({{ line }}, '""', 'NULL'), '}')
            when {{ line }} is not null
                then
                    concat(
                        '{', case when starts_with({{ line }}, ',') then 'NULL' end,
                        replace(replace({{ line }} || ',0', ',,', ',NULL,'), ',,', ',NULL,'), '}'
                    )
        end as double precision[]
    )
{%- endmacro %}


{% macro measured(text) -%}
    case
        when {{ text }} = '' then null
        when {{ is_real(text) }} then {{ as_double(text) }}
        when {{ text }} is null or upper(trim({{ text }})) in ('', 'NULL') then null
        else cast('nan' as {{ type_double() }})
    end
{%- endmacro %}


{% macro measured_boolean(text) -%}
    case lower(trim({{ text }}))
        when 'true' then cast(1 as {{ type_double() }})
        when 'false' then cast(0 as {{ type_double() }})
        else {{ measured(text) }}
    end
{%- endmacro %}


{% macro measured_gear(text) -%}
    case upper(trim({{ text }}))
        when 'N' then cast(0 as {{ type_double() }})
        when 'R' then cast(-1 as {{ type_double() }})
        else {{ measured(text) }}
    end
{%- endmacro %}


{% macro measured_number(text, word) -%}
    {{ measured("case when " ~ text ~ " ilike '" ~ word ~ " %' then substr(" ~ text ~ ", " ~ (word | length + 2) ~ ") else " ~ text ~ " end") }}
{%- endmacro %}


{#- Nothing is added because Sail puts -0 before 0, and takes it for another moment in a window. -#}
{% macro telemetry_clock(clock, line_number, plan) -%}
    {%- set clock_s -%}
    {%- set seconds -%}
    (
        {{ plan }}.start_time_s + case
            when {{ plan }}.elapsed_s_position is not null
                then {{ clock }} * {{ plan }}.elapsed_s_factor + {{ plan }}.elapsed_s_offset
            else ({{ line_number }} - {{ plan }}.first_data_line) / {{ plan }}.sample_rate_hz
        end
    )
    {%- endset -%}
    ({{ half_even(seconds ~ ' * 1e6') }} / 1e6 + 0)
    {%- endset -%}
    case when {{ clock_s }} between -1e6 and 1e6 then {{ clock_s }} end
{%- endmacro %}


{% macro measured_channel(cell, channel, kind) -%}
    {%- if kind.type == 'boolean' -%} {{ measured_boolean(cell) }}
    {%- elif channel == 'gear' -%} {{ measured_gear(cell) }}
    {%- elif channel == 'lap_number' -%} {{ measured_number(cell, 'lap') }}
    {%- elif channel == 'sector_number' -%} {{ measured_number(cell, 'sector') }}
    {%- else -%} {{ measured(cell) }}
    {%- endif -%}
{%- endmacro %}


{% macro without_no_value(value, channel, kind) -%}
    {#- To Sail -0 is another number than 0 -#}
    {%- set ns = namespace(value='(' ~ value ~ ' + 0)' if kind.get('no_value') else value) -%}
    {%- for number in kind.get('no_value', []) -%} {%- set ns.value = 'nullif(' ~ ns.value ~ ', ' ~ number ~ ')' -%} {%- endfor -%}
    {%- if channel == 'sector_number' -%}
        {# loggers cut tracks into corners and straights with names of their own: no sector, and no wrong number either #}
        {%- set ns.value = 'nullif(' ~ ns.value ~ ", cast('nan' as " ~ type_double() ~ "))" -%}
    {%- endif -%}
    {{ ns.value }}
{%- endmacro %}


{% macro canonical_value(value, kind) -%}
    {%- if kind.type == 'boolean' -%}
        {{ value }} >= 5e-1 and {{ value }} <> cast('nan' as {{ type_double() }})
    {%- elif kind.get('bounded') -%}
        {# least and greatest pass over a null, which would make a missing pedal an untouched one #}
        case
            when {{ value }} <> cast('nan' as {{ type_double() }})
                then {{ as_type('least(greatest(' ~ value ~ ', ' ~ double_literal(kind.min) ~ '), ' ~ double_literal(kind.max) ~ ')', kind.type) }}
        end
    {%- else -%}
        {%- set turned = 'case when ' ~ value ~ ' < 0 then 1 else 0 end + ' ~ value if kind.get('around') else value -%}
        case when {{ value }} between {{ double_literal(kind.min) }} and {{ double_literal(kind.max) }} then {{ as_type(turned, kind.type) }} end
    {%- endif -%}
{%- endmacro %}


{% macro as_type(value, type) -%}
    {%- if type == 'real' -%} cast(case when abs({{ value }}) < 1e-30 then 0 else {{ value }} end as real)
    {%- elif type == 'double precision' -%} cast({{ value }} as {{ type_double() }})
    {%- else -%} {{ to_whole(value, type) }}
    {%- endif -%}
{%- endmacro %}


{#- Of a number nearer to 0 than a real can be a log says that it is out of range, and this that it is 0. -#}
{% macro json_number(value, from_text) -%}
    case
        when jsonb_typeof({{ value }}) = 'number' then cast({{ value }} as double precision)
        when {{ value }} is not null then {{ from_text }}
    end
{%- endmacro %}
