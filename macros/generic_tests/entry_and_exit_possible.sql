{#- Of the people that a segment chooses from, some are members and some are not. A condition that
    is never true lets no one enter; one that is always true lets no one leave. A member who is not
    in the population can't leave by a change of their data, and is returned; a segment of all or
    none is returned as one row without an identity. -#}
{% test entry_and_exit_possible(model, column_name, population, key=none) %}

with

people as (

    select distinct {{ activation._as_text(key or column_name) }} as identity_id
    from {{ population }}
    where {{ key or column_name }} is not null

),

members as (

    select distinct {{ activation._as_text(column_name) }} as identity_id
    from {{ model }}
    where {{ column_name }} is not null

),

sizes as (

    select
        count(*) as people_count,
        count(members.identity_id) as member_count
    from people
    left join members on people.identity_id = members.identity_id

),

strangers as (

    select members.identity_id
    from members
    left join people on members.identity_id = people.identity_id
    where people.identity_id is null

)

select
    identity_id,
    'is a member, and not in the population' as problem
from strangers

union all

select
    {{ activation._as_text('null') }} as identity_id,
    case
        when member_count = 0 then 'no one of the population is a member: entry may be impossible'
        else 'all of the population are members: exit may be impossible'
    end as problem
from sizes
where people_count > 0 and (member_count = 0 or member_count = people_count)

{% endtest %}
