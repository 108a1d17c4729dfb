{#- Grain: one customer who answered the win-back survey by the end of as_of. -#}
with

responses as (

    select
        ext_ref as customer_id,
        {{ activation.json_text('answers', ['QID1', 'value']) }} as why_choice,
        {{ activation.json_text('answers', ['QID2', 'value']) }} as contact_choice,
        recorded_at
    from {{ ref('activation', 'activation__survey_responses') }}
    where
        survey_id = 'SV_sandbox'
        and trim(ext_ref) <> ''
        and cast(recorded_at as date) <= {{ activation.as_of() }}

),

final as (

    select
        customer_id,
        case arg_max(why_choice, recorded_at)
            when '1' then 'price'
            when '2' then 'delivery'
            when '3' then 'selection'
            else 'other'
        end as reason_code,
        coalesce(bool_or(contact_choice = '2'), false) as refuses_contact,
        max(recorded_at) as answered_at
    from responses
    group by customer_id

)

select * from final
