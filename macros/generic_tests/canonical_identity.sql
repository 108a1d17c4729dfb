{#- Every identity is there, not blank, without white space around it, and no two differ by case
    only: most destinations would make two people of them, or one where we mean two. Returns the
    identities with what is wrong. -#}
{% test canonical_identity(model, column_name) %}

with

identities as (

    select distinct
        {{ column_name }} as identity_id,
        {{ activation._strip('cast(' ~ column_name ~ ' as varchar)') }} as stripped
    from {{ model }}

),

classified as (

    select
        identity_id,
        case
            when identity_id is null then 'null'
            when stripped = '' then 'blank'
            when stripped <> cast(identity_id as varchar) then 'white space around it'
            when count(*) over (partition by lower(stripped)) > 1 then 'differs by case only'
        end as problem
    from identities

)

select
    identity_id,
    problem
from classified
where problem is not null

{% endtest %}
