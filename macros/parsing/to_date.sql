{#- Words of months and days in English, German, French, Italian and Spanish, without accents. -#}
{% macro month_names() -%}
    {{ return([
        'jan january januar jann janner janv janvier gen gennaio ene enero',
        'feb february februar fev fevr fevrier febbraio febrero',
        'mar march mars marz maerz mrz marzo',
        'apr april aprile avr avril abr abril',
        'may mai mag maggio mayo',
        'jun june juni juin giu giugno junio',
        'jul july juli juil juillet lug luglio julio',
        'aug august aou aout ago agosto',
        'sep sept september septembre set settembre septiembre setiembre',
        'oct october octobre octubre okt oktober ott ottobre',
        'nov november novembre noviembre',
        'dec december decembre dez dezember dic dicembre diciembre',
    ]) }}
{%- endmacro %}


{% macro day_names() -%}
    {{ return([
        'mon monday tue tues tuesday wed wednesday thu thur thurs thursday fri friday sat saturday sun sunday',
        'mo montag di dienstag mi mittwoch do donnerstag fr freitag sa samstag sonnabend so sonntag',
        'lun lundi mar mardi mer mercredi jeu jeudi ven vendredi sam samedi dim dimanche',
        'lunedi martedi mercoledi gio giovedi venerdi sab sabato dom domenica',
        'lunes martes mie miercoles jue jueves vie viernes sabado domingo',
    ]) }}
{%- endmacro %}


{% macro to_date(text, date_order) -%}
    {%- set parts = "string_to_array(translate(" ~ text ~ ", '.-', '//'), '/')" -%}
    {%- set is_american -%}
        case
            when cast(({{ parts }})[1] as integer) > 12 then false
            when cast(({{ parts }})[2] as integer) > 12 then true
            when strpos({{ text }}, '.') > 0 then false
            else {{ date_order }} = 'mdy'
        end
    {%- endset -%}
    {#- by hand, because which letters lower() knows is a matter of the database -#}
    {%- set plain = "translate(lower(" ~ text ~ "), 'äÄáÁéÉèÈìÌíÍöÖòÒûÛùÙ', 'aaaaeeeeiiiioooouuuu')" -%}
    {%- set months = [] -%}
    {%- for words in month_names() -%}
        {%- set number = '-%02d-' | format(loop.index) -%}
        {%- for word in words.split() -%} {%- do months.append(word ~ number) -%} {%- endfor -%}
    {%- endfor -%}
    {#- `marz 4 2026` or `4 marz 2026` -#}
    {%- set named -%}
        array_to_string(
            regexp_match(
                {{ plain }},
                '^(?:(?:{{ day_names() | join(' ') | replace(' ', '|') }})[.,]* +)?'
                || '(?:([a-z]{3,10})[.]? +([0-9]{1,2}),?|([0-9]{1,2})(?:er)?[.]?[ -] *(?:de +)?([a-z]{3,10})[.]?(?: +de)?[ ,-])'
                || ' *([12][0-9]{3})$'
            ),
            ' '
        )
    {%- endset -%}
    {%- set iso -%}
        case
            when {{ text }} ~ '^[12][0-9]{3}[/-][0-9]{1,2}[/-][0-9]{1,2}$' then translate({{ text }}, '/', '-')
            -- two digits of a year stand last between points or slashes alone: 14-01-08 may begin with one
            when {{ text }} ~ '^[0-9]{1,2}(([./-])[0-9]{1,2}\2[12][0-9]{3}|([./])[0-9]{1,2}\3[0-9]{2})$'
                then
                    case when length(({{ parts }})[3]) = 2 then '20' else '' end || ({{ parts }})[3] || '-'
                    || case when {{ is_american }} then ({{ parts }})[1] else ({{ parts }})[2] end || '-'
                    || case when {{ is_american }} then ({{ parts }})[2] else ({{ parts }})[1] end
            else
                right({{ named }}, 4)
                || substring('{{ months | join(' ') }}' from '\y' || substring({{ named }} from '[a-z]+') || '(-[0-9]+-)')
                || substring({{ named }} from '([0-9]{1,2}) ')
        end
    {%- endset -%}
    case when pg_input_is_valid({{ iso }}, 'date') then cast({{ iso }} as date) end
{%- endmacro %}


{% macro to_time(text) -%}
    case
        when {{ text }} ~* '^[0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?( ?[ap]m)?$' and pg_input_is_valid({{ text }}, 'time')
            then cast({{ text }} as time)
    end
{%- endmacro %}
