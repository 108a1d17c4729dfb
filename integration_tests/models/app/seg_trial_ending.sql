{#- Grain: one person whose trial ends within a week and who may be contacted. -#}
with

people as (

    select
        person_id,
        seat_tier,
        seats >= 10 as is_team,
        trial_ends_on - {{ activation.as_of() }} between 0 and 7 as is_ending
    from {{ ref('traits_people') }}
    where not {{ activation.suppressed_by('person_id', ref('opt_outs')) }}

),

final as (

    select
        person_id,
        seat_tier,
        cast({{ activation.qualified_because({
            'is_ending': 'the trial ends within a week',
            'is_team': "it's a team",
        }) }} as varchar) as qualified_because
    from people
    where is_ending

)

select * from final
