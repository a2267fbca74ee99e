-- Rules that nobody knows, or whose value or points they cannot take. A misspelt rule would be off without a word.
with rules as (
    select * from {{ ref('championship_rules') }}
),

kinds as (
    {% for rule, kind in var('championship_rules').items() -%}
        {%- set words = ['1'] if kind == 'points' else kind -%}
        select
            '{{ rule }}' as rule,
            {{ "null" if words is string else "'," ~ words | join(',') ~ ",'" }} as words,
            {{ kind in ('points', 'steps') }} as has_points
        {%- if not loop.last %}
            union all
        {%- endif %}
    {% endfor %}
)

select rules.*
from rules
left join kinds on rules.rule = kinds.rule
where
    kinds.rule is null
    or kinds.has_points is distinct from coalesce(rules.points > 0, false)
    or not coalesce(
        case
            when kinds.words is null then {{ to_float('rules.value') }} > 0
            else strpos(kinds.words, ',' || rules.value || ',') > 0
        end, false
    )
union all
-- one row a rule, but for those in steps
select rules.*
from rules
inner join rules as others
    on rules.championship_id = others.championship_id and rules.rule = others.rule and rules.value <> others.value
where rules.rule <> 'incidents'
