{#- Grain: one person. -#}
with

people as (

    select
        person_id,
        typed_email,
        trial_ends_on,
        seats
    from {{ ref('people') }}

),

final as (

    select
        cast(person_id as varchar) as person_id,
        cast({{ activation.normalize_email('typed_email') }} as varchar) as email,
        cast(
            {{ activation.tier('seats', {'small': 0, 'large': 50, 'medium': 10}) }} as varchar
        ) as seat_tier,
        cast(seats as integer) as seats,
        cast({{ activation.stable_bucket('demo', 'person_id') }} as integer) as demo_bucket,
        cast(trial_ends_on as date) as trial_ends_on
    from people

)

select * from final
