select
    own.setting,
    own.value,
    other.value as other_value,
    not coalesce(own.value = other.value, false) as differs
from marts.session_setups as own
left join marts.session_setups as other
    on own.setting = other.setting and other.session_id = cast(nullif(%(other_session_id)s, '') as uuid)
where own.session_id = %(session_id)s
order by own.setting
