{#
    A data line of telemetry, ready to be split at the plan's separator. Of a wholly quoted line one quote goes at each end
    (trimming would eat the empty last cell); of a mixed one all go, and what separates cells elsewhere becomes a point inside
    quotes, of the first three. Decimal commas become points, in `separator` too. No subquery: it would keep the plan from being parallel.
#}
{% macro telemetry_line(line, plan) -%}
    {%- set text = "rtrim(" ~ line ~ ", chr(13))" -%}
    {#- From one quote to the next and no further: looking ahead to the end of the line takes hours on a long one. -#}
    {%- set quoted_cell = "'(^|[,;' || chr(9) || '])\"([^\",;' || chr(9) || ']*)[,;' || chr(9) || ']([^\"]*)\"'" -%}
    {%- set inside_quotes = namespace(points=text) -%}
    {%- for separator_number in range(3) -%}
        {%- set inside_quotes.points = "regexp_replace(" ~ inside_quotes.points ~ ", " ~ quoted_cell ~ ", '\\1\"\\2.\\3\"', 'g')" -%}
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


{# True for a line that says nothing: Excel writes blank lines as commas. Asked of the first characters first: trim walks them all. #}
{% macro is_blank_line(line) -%}
    (
        trim(left({{ line }}, 4), chr(13) || ' ,;"' || chr(9)) = ''
        and trim({{ line }}, chr(13) || ' ,;"' || chr(9)) = ''
    )
{%- endmacro %}


{#
    A data line as the text of an array of numbers: the cell at position p comes under [p], an empty cell is NULL. A bound at each
    end makes the number of cells part of what has to be right, and empty cells alike wherever they stand.
#}
{% macro line_as_array(line, plan) -%}
    {%- set separated -%}
        case
            when {{ plan }}.decimal_comma then replace(replace({{ line }}, ',', '.'), {{ plan }}.delimiter, ',')
            when {{ plan }}.delimiter <> ',' then replace({{ line }}, {{ plan }}.delimiter, ',')
            else {{ line }}
        end
    {%- endset -%}
    concat(
        '[0:', {{ plan }}.column_count + 1, ']={',
        case
            when {{ plan }}.quoting = 'all' then replace('0,' || {{ separated }} || ',0', '""', 'NULL')
            else replace(replace('0,' || {{ separated }} || ',0', ',,', ',NULL,'), ',,', ',NULL,')
        end,
        '}'
    )
{%- endmacro %}


{#
    The numbers of such a text, all at once: typing a line takes 0.6 of the time it takes cell by cell. Null where a cell is
    neither a number nor empty, or cells are too many or too few: that line is read cell by cell. So is one with what is no
    number here (hexadecimal) or would be read otherwise than in a cell on its own (a backslash).
#}
{% macro numbers_of(array_text) -%}
    {{ return(adapter.dispatch('numbers_of')(array_text)) }}
{%- endmacro %}

{% macro default__numbers_of(array_text) -%}
    {{ exceptions.raise_compiler_error('numbers_of is not written for ' ~ target.type) }}
{%- endmacro %}

{% macro postgres__numbers_of(array_text) -%}
    case
        when
            strpos({{ array_text }}, 'x') = 0
            and strpos({{ array_text }}, 'X') = 0
            and strpos({{ array_text }}, chr(92)) = 0
            and pg_input_is_valid({{ array_text }}, 'real[]')
            then cast({{ array_text }} as double precision[])
    end
{%- endmacro %}


{# A channel's number out of a line's, which were read at once, or out of its cell, where they were not. #}
{% macro number_or_cell(line, channel, cell) -%}
    case when {{ line }}.numbers is null then {{ cell }} else {{ line }}.numbers[{{ line }}.{{ channel }}_position] end
{%- endmacro %}


{#
    A number out of a cell, or NaN where the cell holds something else: NaN is outside every range, so it is counted and ends as
    null. What a real cannot hold is no measurement either, and a factor on it could be more than a double holds.
#}
{% macro measured(text) -%}
    {{ return(adapter.dispatch('measured')(text)) }}
{%- endmacro %}

{% macro default__measured(text) -%}
    {{ exceptions.raise_compiler_error('measured is not written for ' ~ target.type) }}
{%- endmacro %}

{% macro postgres__measured(text) -%}
    case
        when {{ text }} = '' then null
        when pg_input_is_valid({{ text }}, 'real') and strpos({{ text }}, 'x') = 0 and strpos({{ text }}, 'X') = 0
            then cast({{ text }} as double precision)
        when {{ text }} is null or upper(trim({{ text }})) in ('', 'NULL') then null
        else cast('nan' as double precision)
    end
{%- endmacro %}


{# A yes or no: true, false, or a number that is true from a half up (resampled files hold fractions). #}
{% macro measured_boolean(text) -%}
    case lower(trim({{ text }}))
        when 'true' then cast(1 as double precision)
        when 'false' then cast(0 as double precision)
        else {{ measured(text) }}
    end
{%- endmacro %}


{# A gear: a number, N or R. #}
{% macro measured_gear(text) -%}
    case upper(trim({{ text }}))
        when 'N' then cast(0 as double precision)
        when 'R' then cast(-1 as double precision)
        else {{ measured(text) }}
    end
{%- endmacro %}


{# A lap or sector: a number, also as 'Lap 1' or 'Sector 1'. #}
{% macro measured_number(text, word) -%}
    {{ measured("case when " ~ text ~ " ilike '" ~ word ~ " %' then substr(" ~ text ~ ", " ~ (word | length + 2) ~ ") else " ~ text ~ " end") }}
{%- endmacro %}


{#
    Seconds since the start of the log, to the microsecond: the file's clock (a number), or the place of the row where it has none.
    Null where no session lasts so long.
#}
{% macro telemetry_clock(clock, line_number, plan) -%}
    {%- set clock_s -%}
    (round((
        {{ plan }}.start_time_s + case
            when {{ plan }}.elapsed_s_position is not null
                then {{ clock }} * {{ plan }}.elapsed_s_factor + {{ plan }}.elapsed_s_offset
            else ({{ line_number }} - {{ plan }}.first_data_line) / {{ plan }}.sample_rate_hz
        end
    ) * 1e6) / 1e6)
    {%- endset -%}
    case when {{ clock_s }} between -1e6 and 1e6 then {{ clock_s }} end
{%- endmacro %}


{# How a channel's cell is read that is no plain number, by the kind of channel. #}
{% macro measured_channel(cell, channel, kind) -%}
    {%- if kind.type == 'boolean' -%} {{ measured_boolean(cell) }}
    {%- elif channel == 'gear' -%} {{ measured_gear(cell) }}
    {%- elif channel == 'lap_number' -%} {{ measured_number(cell, 'lap') }}
    {%- elif channel == 'sector_number' -%} {{ measured_number(cell, 'sector') }}
    {%- else -%} {{ measured(cell) }}
    {%- endif -%}
{%- endmacro %}


{# What a logger writes for no value is none. #}
{% macro without_no_value(value, channel, kind) -%}
    {%- set ns = namespace(value=value) -%}
    {%- for number in kind.get('no_value', []) -%} {%- set ns.value = 'nullif(' ~ ns.value ~ ', ' ~ number ~ ')' -%} {%- endfor -%}
    {%- if channel == 'sector_number' -%}
        {# loggers cut tracks into corners and straights with names of their own: no sector, and no wrong number either #}
        {%- set ns.value = 'nullif(' ~ ns.value ~ ", cast('nan' as double precision))" -%}
    {%- endif -%}
    {{ ns.value }}
{%- endmacro %}


{# A measured number in its type and range: pedals bounded to it, everything else null outside. #}
{% macro canonical_value(value, kind) -%}
    {%- if kind.type == 'boolean' -%}
        {{ value }} >= 0.5 and {{ value }} <> cast('nan' as double precision)
    {%- elif kind.get('bounded') -%}
        {# least and greatest pass over a null, which would make a missing pedal an untouched one #}
        case
            when {{ value }} <> cast('nan' as double precision)
                then {{ as_type('least(greatest(' ~ value ~ ', ' ~ kind.min ~ '), ' ~ kind.max ~ ')', kind.type) }}
        end
    {%- else -%}
        case when {{ value }} between {{ kind.min }} and {{ kind.max }} then {{ as_type(value, kind.type) }} end
    {%- endif -%}
{%- endmacro %}


{# A number as its type. What is too near to zero for a real is zero: PostgreSQL would stop there. #}
{% macro as_type(value, type) -%}
    {%- if type == 'real' -%} cast(case when abs({{ value }}) < 1e-30 then 0 else {{ value }} end as real)
    {%- else -%} cast({{ value }} as {{ type }})
    {%- endif -%}
{%- endmacro %}
