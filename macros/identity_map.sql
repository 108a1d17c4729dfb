{#- A select, one row for each anonymous id that is known to be one person: the id, the identity,
    and `identified_at`, when it was first seen with it. Ids that were seen with several people,
    as on a shared device, have no row, because what was done there can be anyone's.

    `logins` is a relation with both ids and the moment; rows after as_of_time() don't count. -#}
{% macro identity_map(logins, anonymous_id, identity, seen_at) -%}
    select
        {{ anonymous_id }},
        min({{ identity }}) as {{ identity }},
        min({{ seen_at }}) as identified_at
    from {{ logins }} as login
    where
        {{ anonymous_id }} is not null
        and {{ identity }} is not null
        and {{ activation._as_moment(seen_at) }} <= {{ activation.as_of_time() }}
    group by {{ anonymous_id }}
    having count(distinct login.{{ identity }}) = 1
{%- endmacro %}
