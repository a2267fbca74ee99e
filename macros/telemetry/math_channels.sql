{# Channels that are worked out from others, as seeds/math_channels.csv has them: a list of name and SQL. #}
{% macro math_channels(samples) -%}
    {%- set channels = [] -%}
    {%- for row in math_channel_rows() -%}
        {%- do channels.append({'channel': row.channel, 'unit': row.unit, 'sql': math_expression(row, samples)}) -%}
    {%- endfor -%}
    {{ return(channels) }}
{%- endmacro %}


{% macro math_channel_rows() -%}
    {#- Before the first build there is no seed yet. Unit tests give rows of their own. On an engine the seed is always there, and it
        is not looked for: in Spark it is in a catalog that dbt does not list. -#}
    {%- set seed = ref('math_channels') -%}
    {%- if not execute -%} {{ return([]) }} {%- endif -%}
    {%- if target.type == 'postgres' and load_relation(seed) is none -%} {{ return([]) }} {%- endif -%}
    {%- set rows = [] -%}
    {%- for row in run_query('select channel, unit, expression from ' ~ seed ~ ' order by channel').rows -%}
        {%- do rows.append({'channel': row[0], 'unit': row[1] or '', 'expression': row[2] or ''}) -%}
    {%- endfor -%}
    {{ return(rows) }}
{%- endmacro %}


{#
    The SQL of an expression. It is read token by token and put together again, so that nothing of the seed's text gets into SQL
    but names and numbers that were looked at. What was read becomes <0>, <1>, ..., innermost first, until one is left.
#}
{% macro math_expression(row, samples) -%}
    {%- set kinds = var('telemetry_channels') -%}
    {%- set functions = {'abs': [1, 1], 'sqrt': [1, 1], 'nullif': [2, 2], 'greatest': [2, 99], 'least': [2, 99]} -%}
    {%- set re = modules.re -%}
    {%- set expression = row.expression | trim -%}
    {%- if not re.fullmatch('[a-z][a-z0-9_]{0,49}', row.channel or '') -%}
        {{ wrong_math_channel(row, 'its name has other characters than a to z, 0 to 9 and _, or more than 50 of them') }}
    {%- elif row.channel in kinds or row.channel == 'elapsed_s' -%}
        {{ wrong_math_channel(row, 'a channel of the samples has that name: take another') }}
    {%- elif expression | length > 500 -%}
        {{ wrong_math_channel(row, 'its expression has more than 500 characters: make it of shorter ones') }}
    {%- endif -%}
    {%- set token = '[A-Za-z_][A-Za-z0-9_]*|[0-9]{1,15}(?:[.][0-9]{1,15})?|[-+*/(),]' -%}
    {%- set foreign = re.sub(token, ' ', expression) | trim -%}
    {%- if foreign -%}
        {{ wrong_math_channel(row, foreign.split()[0] ~ ' is none of: a number, a channel, + - * / ( ) , ' ~ functions | join(' ')) }}
    {%- endif -%}
    {%- set read, ns = [], namespace(text='', left=none) -%}
    {%- for word in re.findall(token, expression) -%}
        {%- if word in functions or re.fullmatch('[-+*/(),]', word) -%} {%- set ns.text = ns.text ~ word -%}
        {%- else -%}
            {%- if word[0] in '0123456789' -%}
                {%- do read.append("cast(" ~ word ~ " as " ~ type_double() ~ ")") -%}
            {%- elif word in kinds or word == 'elapsed_s' -%}
                {%- set value = samples ~ '.' ~ word -%}
                {%- set is_flag = word in kinds and kinds[word].type == 'boolean' -%}
                {%- do read.append('cast(' ~ ('cast(' ~ value ~ ' as integer)' if is_flag else value) ~ ' as ' ~ type_double() ~ ')') -%}
            {%- else -%}
                {{ wrong_math_channel(row, 'there is no channel ' ~ word ~ '; `telemetry_channels` in dbt_project.yml lists them') }}
            {%- endif -%}
            {%- set ns.text = ns.text ~ '<' ~ (read | length - 1) ~ '>' -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set steps = [
        '(abs|sqrt|nullif|greatest|least)[(](<[0-9]+>(?:,<[0-9]+>)*)[)]',
        '()[(](<[0-9]+>)[)]',
        '(?<![>)])(-)(<[0-9]+>)',
        '(?<![*/])(<[0-9]+>)([*/])(<[0-9]+>)',
        '(?<![-+*/])(<[0-9]+>)([-+])(<[0-9]+>)(?![*/])',
    ] -%}
    {%- for _ in range(500) if ns.text != '<' ~ (read | length - 1) ~ '>' -%}
        {%- set found = namespace(step=none, kind=none) -%}
        {%- for step in steps if not found.step -%}
            {%- set found.step = re.search(step, ns.text) -%} {%- set found.kind = loop.index -%}
        {%- endfor -%}
        {%- if found.step -%}
            {%- set parts = found.step.groups() -%}
            {%- set values = [] -%}
            {%- for number in re.findall('<([0-9]+)>', found.step.group()) -%} {%- do values.append(read[number | int]) -%} {%- endfor -%}
            {%- if found.kind == 1 -%}
                {%- set fewest, most = functions[parts[0]] -%}
                {%- if not fewest <= values | length <= most -%}
                    {{ wrong_math_channel(row, parts[0] ~ ' takes ' ~ fewest ~ (' values' if fewest == most else ' values or more')) }}
                {%- endif -%}
                {#- below the smallest number that there is, so that no root is taken of a number below 0 -#}
                {%- set tiny = "cast('-5e-324' as " ~ type_double() ~ ")" -%}
                {%- if parts[0] == 'sqrt' -%} {%- do read.append('sqrt(nullif(greatest(' ~ values[0] ~ ', ' ~ tiny ~ '), ' ~ tiny ~ '))') -%}
                {%- else -%} {%- do read.append(parts[0] ~ '(' ~ values | join(', ') ~ ')') -%}
                {%- endif -%}
            {%- elif found.kind == 2 -%} {%- do read.append(values[0]) -%}
            {%- elif found.kind == 3 -%} {%- do read.append('(- ' ~ values[0] ~ ')') -%}
            {#- with + 0 a 0 has no sign, of which Sail would make another number -#}
            {%- elif parts[1] == '/' -%} {%- do read.append('(' ~ values[0] ~ ' / nullif(' ~ values[1] ~ ' + 0, 0))') -%}
            {%- else -%} {%- do read.append('(' ~ values[0] ~ ' ' ~ parts[1] ~ ' ' ~ values[1] ~ ')') -%}
            {%- endif -%}
            {%- set ns.text = ns.text[:found.step.start()] ~ '<' ~ (read | length - 1) ~ '>' ~ ns.text[found.step.end():] -%}
        {%- else -%}
            {{ wrong_math_channel(row, 'it is not complete: look at its brackets, and what stands beside each + - * /') }}
        {%- endif -%}
    {%- endfor -%}
    {%- if not read -%} {{ wrong_math_channel(row, 'it is empty') }} {%- endif -%}
    {#- larger is no measurement, and no mart has room for it -#}
    {{ return('nullif(nullif(greatest(least(' ~ read[-1] ~ ', 1e12), -1e12), -1e12), 1e12)') }}
{%- endmacro %}


{% macro wrong_math_channel(row, why) -%}
    {{ exceptions.raise_compiler_error(
        'seeds/math_channels.csv, channel ' ~ row.channel ~ ', expression "' ~ row.expression ~ '": ' ~ why
        ~ '. Change the row, or take it out.'
    ) }}
{%- endmacro %}
