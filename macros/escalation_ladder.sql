{#- A select, one row for each person who is on a ladder of offers: first wait, then the first
    step, later the next. A state machine over events; nothing is remembered between runs, since
    the events themselves say what was given.

    An episode begins with one of the `starts`, and ends with one of the `ends`, or when
    `quiet_hours` pass without another start. More starts within an episode do not begin it anew.
    Within an episode a person climbs: the next step is due `after_hours` after the one before was
    given (for the first: after the episode began), and is held until an event named after it (or
    its `event`) says that it was given. So a run that was down skips no step. A step whose `cap`
    is used up, {times: 1, days: 90} over all episodes, is left out.

    `steps`, from the first to the last: {name, after_hours, event, cap}; the last two are
    optional. Events after as_of_time() don't count. At one moment, an end comes last.

    Columns: the identity; `episode_started_at`; `step`, `wait` or a step's name; `step_since`,
    when it was given or fell due; `next_step_at`, when the next falls due, null where the present
    step was not given yet or is the last that is allowed. -#}
{% macro escalation_ladder(
    events, identity, event, occurred_at, starts, ends, steps, quiet_hours=none
) -%}
    {%- set starts = [starts] if starts is string else starts -%}
    {%- set ends = [ends] if ends is string else ends -%}
    {%- do activation._check_ladder(starts, ends, steps) -%}
    {%- set moment = activation._as_moment(occurred_at) -%}
    with

    happened as (

        select
            {{ identity }} as who,
            {{ event }} as what,
            {{ moment }} as happened_at,
            case when {{ event }} in ({{ activation._texts(starts) }}) then 1 else 0 end as is_start
        from {{ events }}
        where
            {{ identity }} is not null
            and {{ moment }} <= {{ activation.as_of_time() }}

    ),

    moves as (

        select
            who,
            happened_at,
            is_start,
            lag(is_start) over (
                partition by who
                order by happened_at asc, is_start desc
            ) as was_start,
            lag(happened_at) over (
                partition by who
                order by happened_at asc, is_start desc
            ) as before_at,
            row_number() over (
                partition by who
                order by happened_at desc, is_start asc
            ) as recency
        from happened
        where is_start = 1 or what in ({{ activation._texts(ends) }})

    ),

    episodes as (

        select
            who,
            max(case
                when
                    is_start = 1
                    and (
                        coalesce(was_start, 0) = 0
                        {%- if quiet_hours is not none %}
                        or before_at < {{ dbt.dateadd('hour', -quiet_hours, 'happened_at') | trim }}
                        {%- endif %}
                    )
                    then happened_at
            end) as started_at
        from moves
        group by who
        having
            max(case when recency = 1 then is_start end) = 1
            {%- if quiet_hours is not none %}
            and max(happened_at) >= {{ activation.as_of_time(quiet_hours) }}
            {%- endif %}

    ),

    steps as (
        {%- for step in steps %}

        select
            {{ loop.index }} as place,
            {{ activation._as_text(activation._text(step.event or step.name)) }} as what
            {%- if not loop.last %}

        union all
            {%- endif %}
        {%- endfor %}

    ),

    given as (

        select
            episodes.who,
            steps.place,
            min(case
                when happened.happened_at >= episodes.started_at then happened.happened_at
            end) as given_at,
            case
                {%- for step in steps %}
                when steps.place = {{ loop.index }} then
                    {%- if step.cap %} count(case
                        when happened.happened_at > {{ activation.as_of_time(24 * step.cap.days) }}
                            then 1
                    end) >= {{ step.cap.times }}
                    {%- else %} false
                    {%- endif %}
                {%- endfor %}
            end as is_used_up
        from episodes
        cross join steps
        left join happened on episodes.who = happened.who and steps.what = happened.what
        group by episodes.who, steps.place

    ),

    reached as (

        select
            episodes.who,
            episodes.started_at,
            coalesce(max(given.place), 0) as place
        from episodes
        left join given on episodes.who = given.who and given.given_at is not null
        group by episodes.who, episodes.started_at

    ),

    held as (

        select
            reached.who,
            reached.started_at,
            reached.place,
            coalesce(given.given_at, reached.started_at) as since_at
        from reached
        left join given on reached.who = given.who and reached.place = given.place

    ),

    ahead as (

        select
            held.who,
            held.started_at,
            held.place,
            held.since_at,
            min(given.place) as next_place
        from held
        left join given
            on
                held.who = given.who
                and held.place < given.place
                and not given.is_used_up
        group by held.who, held.started_at, held.place, held.since_at

    ),

    timed as (

        select
            who,
            started_at,
            place,
            since_at,
            next_place,
            case next_place
                {%- for step in steps %}
                when {{ loop.index }} then {{
                    dbt.dateadd('hour', step.after_hours, 'since_at') | trim
                }}
                {%- endfor %}
            end as next_at
        from ahead

    )

    select
        who as {{ identity }},
        started_at as episode_started_at,
        case case when next_at <= {{ activation.as_of_time() }} then next_place else place end
            when 0 then 'wait'
            {%- for step in steps %}
            when {{ loop.index }} then {{ activation._text(step.name) }}
            {%- endfor %}
        end as step,
        case
            when next_at <= {{ activation.as_of_time() }} then next_at else since_at
        end as step_since,
        case when next_at > {{ activation.as_of_time() }} then next_at end as next_step_at
    from timed
{%- endmacro %}

{#- Every fault of a ladder that can be seen before it is compiled. -#}
{% macro _check_ladder(starts, ends, steps) -%}
    {%- set events = starts + ends -%}
    {%- for step in steps -%}
        {%- if not step.name or step.after_hours is not number or step.after_hours < 0 -%}
            {{ exceptions.raise_compiler_error(
                "escalation_ladder(): step " ~ loop.index ~ " is " ~ step ~ ". fix: write it as"
                ~ " {'name': 'free_shipping', 'after_hours': 24}"
            ) }}
        {%- endif -%}
        {%- if step.cap and (step.cap.times is not number or step.cap.days is not number) -%}
            {{ exceptions.raise_compiler_error(
                "escalation_ladder(): the cap of `" ~ step.name ~ "` is " ~ step.cap
                ~ ". fix: write it as {'times': 1, 'days': 90}"
            ) }}
        {%- endif -%}
        {%- do events.append(step.event or step.name) -%}
    {%- endfor -%}
    {%- if not steps or events | unique | list | length != events | length -%}
        {{ exceptions.raise_compiler_error(
            "escalation_ladder(): starts, ends and steps are the events " ~ events | join(', ')
            ~ ". fix: give at least one step, and name no event twice"
        ) }}
    {%- endif -%}
{%- endmacro %}
